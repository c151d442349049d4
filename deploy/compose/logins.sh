#!/bin/sh
# Create the roles, the two logins and the database of docs/database.md. The image of PostgreSQL runs this once, when
# the volume is empty. OWNER_PASSWORD and SERVER_PASSWORD are in secrets/postgres.env.
set -eu
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv owner_password OWNER_PASSWORD
\getenv server_password SERVER_PASSWORD
CREATE ROLE pm_group_server NOLOGIN;
CREATE ROLE pm_group_background NOLOGIN;
CREATE ROLE pm_group_operator NOLOGIN;
CREATE ROLE pm_group_reporting NOLOGIN;
CREATE ROLE pm_group_reporting_identified NOLOGIN;
CREATE ROLE clinic_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE clinic_server LOGIN PASSWORD :'server_password';
GRANT pm_group_server, pm_group_background, pm_group_operator TO clinic_owner;
GRANT pm_group_server, pm_group_background TO clinic_server;
CREATE DATABASE clinic OWNER clinic_owner;
SQL
