"""State, knobs, wiring and run folders of the state machine."""
