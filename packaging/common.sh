# Shared by run.sh and test.sh: finds or installs what the build needs. Sourced, not run.

say() { printf '\n== %s\n' "$*"; }

# install_packages NAME...: installs Debian/Ubuntu, Fedora or Arch packages, saying so first.
install_packages() {
  local sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  if command -v apt-get >/dev/null; then
    say "Installing system packages with apt-get: $*"
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get -o DPkg::Lock::Timeout=120 install -y -qq "$@" >/dev/null
  else
    say "Please install these packages (Debian names) with your package manager, then run this again: $*"
    return 1
  fi
}

has_library() { ldconfig -p 2>/dev/null | grep -q "$1"; }

ensure_rust() {
  [ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
  command -v cc >/dev/null || install_packages gcc libc6-dev
  if ! command -v cargo >/dev/null; then
    command -v curl >/dev/null || install_packages curl ca-certificates
    say "Installing the Rust toolchain with rustup into $HOME/.cargo"
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile default --no-modify-path
    . "$HOME/.cargo/env"
  fi
  # rust-toolchain.toml names the version, and rustup installs it. Where it cannot, a newer stable one will do.
  if ! cargo --version >/dev/null 2>&1; then
    local stable
    stable=$(RUSTUP_TOOLCHAIN=stable rustc --version 2>/dev/null | cut -d' ' -f2)
    if [ -z "$stable" ] || [ "$(printf '%s\n1.95.0\n' "$stable" | sort -V | head -n1)" != 1.95.0 ]; then
      say "Rust 1.95 is needed and could not be installed: run \"rustup toolchain install 1.95.0\""
      return 1
    fi
    export RUSTUP_TOOLCHAIN=stable
  fi
}

# What a window needs at run time: Vulkan (a software driver where there is no GPU) and keyboard tables.
ensure_window_libraries() {
  [ "$(uname -s)" = Linux ] || return 0
  local need=()
  has_library libvulkan.so.1 || need+=(libvulkan1)
  compgen -G "/usr/share/vulkan/icd.d/*.json" >/dev/null || compgen -G "/etc/vulkan/icd.d/*.json" >/dev/null \
    || need+=(mesa-vulkan-drivers)
  has_library libxkbcommon-x11.so.0 || need+=(libxkbcommon-x11-0)
  has_library libxkbcommon.so.0 || need+=(libxkbcommon0)
  has_library libXcursor.so.1 || need+=(libxcursor1)
  has_library libXi.so.6 || need+=(libxi6)
  [ ${#need[@]} = 0 ] || install_packages "${need[@]}"
}
