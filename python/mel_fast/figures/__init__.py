"""Pictures of plans (extra ``[plot]``). Nothing is worked out here."""
