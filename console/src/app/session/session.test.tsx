import { screen, waitFor } from "@testing-library/react";
import { expect, test, vi } from "vitest";

import { Answer, FakeApi, me } from "../../testing/fakeApi";
import { aPool } from "../../testing/models";
import { renderAt } from "../../testing/render";
import { refusal } from "./session";
import { Vault } from "./vault";

const entra = vi.hoisted(() => ({
  account: null as object | null,
  options: null as { cache: { cacheLocation: string } } | null,
  loginRedirect: vi.fn(),
}));

vi.mock("@azure/msal-browser", () => ({
  PublicClientApplication: class {
    constructor(options: { cache: { cacheLocation: string } }) {
      entra.options = options;
    }
    initialize = () => Promise.resolve();
    handleRedirectPromise = () => Promise.resolve(null);
    getAllAccounts = () => (entra.account ? [entra.account] : []);
    setActiveAccount = () => undefined;
    acquireTokenSilent = () => {
      sessionStorage.setItem("msal.a", "a-token");
      return Promise.resolve({ accessToken: "a-token", expiresOn: new Date(Date.now() + 3_600_000) });
    };
    loginRedirect = entra.loginRedirect;
  },
}));

const ABOUT_ENTRA = {
  name: "Freshcoat",
  environment: "production",
  version: "1",
  simulated: false,
  auth: { kind: "entra", tenants: ["t"], client_id: "c", scope: "c/.default", authority: "https://login.example" },
  now: "2026-11-30T12:00:00Z",
};
const POOLS = { "GET /api/pools": { items: [aPool()], continuation: null } };

test("a 401 leaves the page as it is and says so; signing in lets it go on", async () => {
  const api = new FakeApi(POOLS);
  const user = renderAt("/pools");
  await screen.findByRole("link", { name: "office" });
  api.on("GET /api/pools", new Answer(401, { title: "Sign in first" }));
  await user.type(screen.getByPlaceholderText("Search pools"), "off{Enter}");
  expect(await screen.findByText("You are signed out.")).toBeVisible();
  expect(screen.getByPlaceholderText("Search pools")).toHaveValue("off");
  api.on("GET /api/pools", POOLS["GET /api/pools"]);
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  await waitFor(() => expect(screen.queryByText("You are signed out.")).toBeNull());
  expect(screen.getByRole("link", { name: "office" })).toBeVisible();
});

test("in a local run another role is tried in the account menu", async () => {
  const api = new FakeApi(POOLS);
  const user = renderAt("/pools");
  await screen.findByRole("link", { name: "office" });
  api.on("GET /api/me", me("reader"));
  await user.click(screen.getByRole("button", { name: /account/ }));
  await user.click(await screen.findByRole("menuitemradio", { name: "Reader" }));
  await waitFor(() => expect(api.requests("GET /api/pools").at(-1)?.headers.get("X-Dev-Role")).toBe("reader"));
});

test("an app that cannot be reached says so and is asked again", async () => {
  const api = new FakeApi({ ...POOLS, "GET /api/about": new Answer(502, "<html>") });
  const user = renderAt("/pools");
  const again = await screen.findByRole("button", { name: "Try again" });
  api.on("GET /api/about", { ...ABOUT_ENTRA, auth: { kind: "development" } });
  await user.click(again);
  expect(await screen.findByRole("link", { name: "office" })).toBeVisible();
});

test("with Entra ID nobody sees a page before signing in, and tokens stay in memory", async () => {
  entra.account = null;
  const api = new FakeApi({ ...POOLS, "GET /api/about": ABOUT_ENTRA });
  const user = renderAt("/pools");
  await user.click(await screen.findByRole("button", { name: "Sign in" }));
  expect(entra.loginRedirect).toHaveBeenCalled();
  expect(entra.options?.cache.cacheLocation).toBe("sessionStorage"); // MSAL refuses redirects with any other
  expect(api.requests("GET /api/me")).toHaveLength(0);
});

test("requests of somebody who signed in with Entra ID carry the token", async () => {
  entra.account = { username: "somebody" };
  const api = new FakeApi({ ...POOLS, "GET /api/about": ABOUT_ENTRA });
  renderAt("/pools");
  await screen.findByRole("link", { name: "office" });
  expect(api.requests("GET /api/pools")[0]?.headers.get("Authorization")).toBe("Bearer a-token");
  expect(Object.keys(sessionStorage).filter((name) => name.startsWith("msal."))).toEqual([]);
});

test("what MSAL keeps is in the storage only while it works", async () => {
  const vault = new Vault();
  await vault.during(async () => sessionStorage.setItem("msal.1.refreshtoken", "secret"));
  expect(sessionStorage.getItem("msal.1.refreshtoken")).toBeNull();
  const [first, second] = [vault.during(read), vault.during(read)];
  expect([await first, await second]).toEqual(["secret", "secret"]);
  await expect(vault.during(() => Promise.reject(new Error("offline")))).rejects.toThrow("offline");
  expect(sessionStorage.getItem("msal.1.refreshtoken")).toBeNull();
});

async function read(): Promise<string | null> {
  await new Promise((done) => setTimeout(done, 5));
  return sessionStorage.getItem("msal.1.refreshtoken");
}

test("somebody signed out signs in in another tab, which hands the token over", async () => {
  entra.account = { username: "somebody" };
  const open = vi.spyOn(window, "open").mockReturnValue(null);
  const api = new FakeApi({ ...POOLS, "GET /api/about": ABOUT_ENTRA });
  const user = renderAt("/pools");
  await screen.findByRole("link", { name: "office" });
  api.on("GET /api/pools", new Answer(401, { title: "Sign in first" }));
  await user.type(screen.getByPlaceholderText("Search pools"), "off{Enter}");
  await user.click(await screen.findByRole("button", { name: "Sign in" }));
  expect(open).toHaveBeenCalledWith("/console/sign-in", "_blank");
  api.on("GET /api/pools", POOLS["GET /api/pools"]);
  const other = new BroadcastChannel("freshcoat.sign-in");
  other.postMessage({ token: "a-new-token", until: Date.now() + 3_600_000 });
  await waitFor(() => expect(screen.queryByText("You are signed out.")).toBeNull());
  expect(api.requests("GET /api/pools").at(-1)?.headers.get("Authorization")).toBe("Bearer a-new-token");
  other.close();
});

test("an app without Entra ID says that people cannot sign in", async () => {
  new FakeApi({
    "GET /api/about": { ...ABOUT_ENTRA, auth: { kind: "key" } },
    "GET /api/me": new Answer(401, { title: "Sign in first", detail: "Send a key." }),
  });
  renderAt("/pools");
  expect(await screen.findByText(/People cannot sign in here yet/)).toBeVisible();
});

test("a refusal names the roles and the one that is needed", () => {
  expect(refusal("publish", ["reader"])).toBe("You are reader. Publishing needs the role operator.");
  expect(refusal("audit", [])).toBe("You have no role. Reading the audit needs the role admin.");
});
