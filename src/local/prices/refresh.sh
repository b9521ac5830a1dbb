#!/bin/sh
# Makes a price table of the price file in a release of LiteLLM (PyPI), writes it to
# src/local/resources/prices and prints its review, compared with the newest table there.
#
#   src/local/prices/refresh.sh <litellm version> <table version: the day, such as 2026-11-24>
#
# Needs python3 with pip, and what a build needs. A file that is refused leaves the tables as they are.
set -eu

litellm=${1:?the version of litellm}
table=${2:?the version of the table}
cd "$(dirname "$0")/../../.."
tables=src/local/resources/prices
newest=$(find "$tables" -name '*.json.gz' | sort | tail -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$work" "litellm==$litellm"
file=litellm/model_prices_and_context_window_backup.json
python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])' \
  "$work"/litellm-*.whl "$file" "$work"

# The tool chain's java runs it: exec:exec in one build with the plugin that selects it.
source="LiteLLM model_prices_and_context_window, litellm $litellm (MIT)"
./mvnw -q compile org.codehaus.mojo:exec-maven-plugin:3.5.1:exec \
  -Dexec.executable=java -Dexec.classpathScope=compile \
  -Dexec.args="-classpath %classpath io.budgetauthority.local.ImportPrices '$work/$file' $table \
${table}T00:00:00Z '$source' $tables $newest"
