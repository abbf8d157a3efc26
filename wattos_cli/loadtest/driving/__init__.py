"""What both engines need to let users go on journeys: who they are, their steps, what answers tell."""
