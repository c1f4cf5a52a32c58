"""Tests of the Bambu driver; programs that only pretend to be Bambu stand in where they can."""
