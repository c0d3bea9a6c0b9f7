"""Links to a report or the profile: made and ended by the member, opened by anybody who has one."""
