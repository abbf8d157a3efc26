"""What users of the platform do, for every engine; see wattos_cli/loadtest/journey.py.

A file of one's own beside these is added to `JOURNEYS`, and named in thresholds.toml.
"""

from journeys.agents import AgentRun, Agents
from journeys.chat import Chat
from journeys.ledger import Ledger
from journeys.models import ChatStream, Model
from journeys.spaces import Ingest, Search

JOURNEYS = (AgentRun, Agents, Chat, ChatStream, Ingest, Ledger, Model, Search)
