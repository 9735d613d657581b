"""What people are shown: texts, progress, numbers. Changes nothing."""
