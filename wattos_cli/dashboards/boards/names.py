"""The uids of the boards, which links lead to, and their titles."""

OVERVIEW = "wattos-overview"
SERVICES = "wattos-services"
LLM = "wattos-llm"
RAG = "wattos-rag"
AGENTS = "wattos-agents"
RESILIENCE = "wattos-resilience"
STORAGE = "wattos-storage"
LOADTEST = "wattos-loadtest"

TITLES = {
    OVERVIEW: "wattos: overview",
    SERVICES: "wattos: services",
    LLM: "wattos: models",
    RAG: "wattos: retrieval",
    AGENTS: "wattos: agents",
    RESILIENCE: "wattos: resilience",
    STORAGE: "wattos: database and cache",
    LOADTEST: "wattos: load test",
}
