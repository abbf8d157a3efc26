"""Problems of files, told in the order in which a reader mends them."""

from wattos_cli.config.problems import Problem, config_error


def test_problems_are_told_from_the_first_line_on_file_by_file() -> None:
    wheres = ["b.toml:9:2", "environment", "b.toml:10:1", "a.toml:1:1", "b.toml:9:1", "--env-file"]
    error = config_error([Problem(where, "wrong.") for where in wheres])
    ordered = ["b.toml:9:1", "b.toml:9:2", "b.toml:10:1", "a.toml:1:1", "environment", "--env-file"]
    assert [problem["where"] for problem in error.details["problems"]] == ordered
    assert [line.strip() for line in error.message.split("\n")] == [f"{where}: wrong." for where in ordered]
