"""Onboarding: the draft of a source from a sample file, and checks of declarations."""
