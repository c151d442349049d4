"""Lists the packages of the distribution, which pyproject.toml cannot compute. All other metadata is there."""

import sys

from setuptools import find_namespace_packages, find_packages, setup

ROOMS = ("schema", "resolvers", "domain", "db", "executor", "server")

packages = find_packages(include=[pattern for room in ROOMS for pattern in (room, f"{room}.*")])
pages = find_namespace_packages(include=["web.dist", "web.dist.*"])

if "editable_wheel" in sys.argv:
    names = {package: package for package in packages}
else:
    # A wheel puts all packages into one; distribution/group_sessions explains why.
    names = {f"group_sessions.{package}": package for package in [*packages, *pages]}

setup(
    packages=["group_sessions", *names],
    package_dir={"group_sessions": "distribution/group_sessions"}
    | {name: package.replace(".", "/") for name, package in names.items()},
    package_data={"": ["*.graphql", "*.mako", "*.toml"]}
    | {name: ["*"] for name, package in names.items() if package.startswith("web.")},
)
