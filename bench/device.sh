#!/usr/bin/env bash
# What only a GPU can show, at most two minutes for each kind of work: every op and derivative, then generators, training steps, the painter and clustering's passes
# beside the same machine's CPU, as the tables of docs/MEASURED.md. Says "not run" where there is no GPU.
#
#   bench/device.sh [webgpu] [cuda]     here, after npm ci; both unless told
#   bench/device.sh pack <folder>       all that an x86-64 Linux machine without Node and without npm needs (some 40 MB), from this one;
#   <folder>/device.sh [webgpu] [cuda]  there. Nothing is built or fetched there
#
# KLISH_DEVICE_SHARE=0.25 takes smaller pictures (to try it on a GPU imitated in software), KLISH_DEVICE_SECONDS=120 is the patience with
# each kind of work.
set -euo pipefail
# ldconfig is no command of an ordinary user everywhere.
PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)

pack() {
  local to=$1 root=$here/..
  mkdir -p "$to"
  to=$(cd "$to" && pwd)
  cd "$root"
  npx rolldown bench/device.ts bench/devicePasses.ts --dir "$to" --format esm --platform node \
    --entry-file-names '[name].mjs' --chunk-file-names '[name].mjs' --external onnxruntime-node --log-level warn
  cp bench/device.sh tests/graph/goldens.safetensors "$to"
  local ort=node_modules/onnxruntime-node binaries=bin/napi-v6/linux/x64
  mkdir -p "$to/$ort/$binaries" "$to/node_modules"
  cp -r "$ort/package.json" "$ort/dist" "$to/$ort"
  cp -r node_modules/onnxruntime-common "$to/node_modules"
  cp "$ort/$binaries/onnxruntime_binding.node" "$to/$ort/$binaries"
  xz -T0 -3 -c "$ort/$binaries/libonnxruntime.so.1" >"$to/$ort/$binaries/libonnxruntime.so.1.xz"
  xz -T0 -3 -c "$(node -p process.execPath)" >"$to/node.xz"
  # WebGPU goes through Vulkan's loader, which a machine for computing may lack; its driver comes with the GPU.
  local loader
  loader=$(ldconfig -p | awk '/libvulkan.so.1 .*x86-64/ { print $NF; exit }')
  if [ -n "$loader" ]; then mkdir -p "$to/lib" && cp -L "$loader" "$to/lib/libvulkan.so.1"; fi
  du -sh "$to"
}

if [ "${1:-}" = pack ]; then
  [ $# = 2 ] || { echo "usage: bench/device.sh pack <folder>"; exit 2; }
  pack "$2"
  exit
fi

if [ -e "$here/device.mjs" ]; then
  for packed in "$here/node.xz" "$here"/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1.xz; do
    [ -e "${packed%.xz}" ] || xz -dc "$packed" >"${packed%.xz}"
  done
  chmod +x "$here/node"
  ldconfig -p | grep -q libvulkan.so.1 || export LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  bench() { "$here/node" "$here/$1.mjs" "${@:2}"; }
else
  cd "$here/.."
  bench() { node --import tsx "bench/$1.ts" "${@:2}"; }
fi
export -f bench
export here

share=${KLISH_DEVICE_SHARE:-1}
seconds=${KLISH_DEVICE_SECONDS:-120}
# A driver may take its process down or hang: each kind of work has its own.
measured() {
  local status=0
  timeout "$seconds" bash -c 'bench "$@"' bench "$@" || status=$?
  case $status in
    0 | 3) ;;
    124) echo "$*: stopped after $seconds s" ;;
    *) echo "$*: ended with $status" ;;
  esac
  return $status
}

(($# > 0)) || set -- webgpu cuda
echo "$(uname -m), $(nproc) cores of $(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo)"
nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null || true
for provider in "$@"; do
  printf '\n## %s\n\n' "$provider"
  status=0
  measured device --provider "$provider" --only ops || status=$?
  [ $status = 3 ] && continue
  printf '\n| work | CPU ms | device ms | ratio | apart by |\n| --- | --- | --- | --- | --- |\n'
  for kind in generator training painter; do
    measured device --provider "$provider" --only $kind --share "$share" || true
  done
  echo
  measured devicePasses --provider "$provider" --channels "$share" --resolution "$(awk "BEGIN { print 256 * $share }")" || true
done
