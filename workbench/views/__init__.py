"""The pages that gather: today, participants, one participant, their trail, one visit."""
