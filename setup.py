"""Packaging of GlanceSync; the settings of the tools are in ``pyproject.toml``."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent


def version() -> str:
    """The package's version, read from its source: its dependencies are not installed yet."""
    source = (ROOT / "fiwareglancesync" / "base" / "version.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', source, re.MULTILINE)
    if found is None:
        raise SystemExit("fiwareglancesync/base/version.py states no __version__")
    return found.group(1)


setup(
    name="fiware-glancesync",
    version=version(),
    description="Keeps the images of many OpenStack regions in step with a master region",
    long_description=(ROOT / "README.rst").read_text(encoding="utf-8"),
    long_description_content_type="text/x-rst",
    license="Apache-2.0",
    keywords="openstack glance images synchronisation federation fiware",
    classifiers=[
        "Environment :: Console",
        "Environment :: OpenStack",
        "Intended Audience :: System Administrators",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Typing :: Typed",
    ],
    packages=find_packages(include=["fiwareglancesync", "fiwareglancesync.*"]),
    package_data={
        "fiwareglancesync": ["py.typed"],
        "fiwareglancesync.migrations": ["alembic.ini", "script.py.mako"],
        "fiwareglancesync.volumes.digests": ["templates/*.html"],
    },
    data_files=[("share/man/man1", ["docs/man/glancesync.1"])],
    python_requires=">=3.10",
    install_requires=[
        "Jinja2>=3.1,<4",
        "PyYAML>=6,<7",
        "SQLAlchemy>=2.0,<3",
        "alembic>=1.13,<2",
        "click>=8.1,<9",
        "flask>=3,<4",
        "flask-migrate>=4,<5",
        "flask-openapi3>=4.2,<5",
        "flask-openapi3-swagger>=5.18,<6",
        "flask-sqlalchemy>=3.1,<4",
        "gunicorn>=23",
        "keystoneauth1>=5.6,<6",
        "keystonemiddleware>=10.7",
        "openstacksdk>=3.0,<5",
        "oslo.utils>=8.2",
        "prometheus-client>=0.20,<1",
        "pydantic>=2.7,<3",
        "requests>=2.31,<3",
        "rich>=13.7,<16",
        "shtab>=1.7,<2",
        "tenacity>=8.2,<10",
        "urllib3>=2,<3",
        "werkzeug>=3,<4",
    ],
    extras_require={
        "postgresql": ["psycopg[binary]>=3.1,<4"],
        "mysql": ["PyMySQL>=1.1,<2"],
        "snapshots": ["watchdog>=3,<7"],
        "celery": ["celery[redis]>=5.5,<6"],
        "ovirt": ["ovirt-engine-sdk-python>=4.4,<5"],
    },
    entry_points={
        "console_scripts": [
            "glancesync = fiwareglancesync.main:main",
            "glancesync-completion = fiwareglancesync.scripts.completion:main",
            "glancesync-server = fiwareglancesync.run:main",
            "snapmanager = fiwareglancesync.scripts.snapmanager:main",
            "glancesync-generate-config = fiwareglancesync.scripts.generate_config_file:main",
        ],
    },
    zip_safe=False,
)
