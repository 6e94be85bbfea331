#!/usr/bin/env bash
# Runs once, when Gradescope builds the image of this autograder. torch for the CPU is much smaller than the default.
set -euo pipefail
apt-get update
apt-get install -y python3 python3-pip
pip3 install torch --index-url https://download.pytorch.org/whl/cpu
pip3 install 'pullback[server]'
