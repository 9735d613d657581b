"""A blueprint of the test app."""

import azure.durable_functions as df
import azure.functions as func

blueprint = df.Blueprint()


@blueprint.route(route="from-blueprint")
def from_blueprint(req: func.HttpRequest) -> str:
    return "blue"
