#!/bin/bash
# stage PKG... : builds test binaries of /tmp/wt-kernels into /tmp/crash2-qk/stage/job
set -e
rm -rf /tmp/crash2-qk/stage; mkdir -p /tmp/crash2-qk/stage/job/src /tmp/crash2-qk/stage/job/bin
cd /tmp/wt-crash2
for p in "$@"; do
  CGO_ENABLED=0 nice go test -c -ldflags=-s\ -w -o /tmp/crash2-qk/stage/job/bin/$(echo $p | tr / _).test ./$p
  mkdir -p /tmp/crash2-qk/stage/job/src/$p
  [ -d $p/testdata ] && cp -r $p/testdata /tmp/crash2-qk/stage/job/src/$p/ || true
done
cp go.mod /tmp/crash2-qk/stage/job/src/; cp -r docs README.md configs /tmp/crash2-qk/stage/job/src/
CGO_ENABLED=0 nice go build -ldflags=-s\ -w -o /tmp/crash2-qk/stage/job/bin/fhrpd ./cmd/fhrpd
cat > /tmp/crash2-qk/stage/job/job.sh <<J
export FHRPD_E2E_PROGRAM=/job/bin/fhrpd FHRPD_NETLAB_REQUIRED=
t() { p=\$1; shift; n=\$(echo \$p | tr / _); cd /job/src/\$p; echo "== \$p \$*"; /job/bin/\$n.test -test.timeout 500s "\$@" > /tmp/\$n.out 2>&1; rc=\$?; grep -E '^ *--- (FAIL|SKIP)|^(PASS|FAIL|ok|panic)|skipped|_test.go:' /tmp/\$n.out | head -\${LINES_MAX:-120}; [ \$rc = 0 ] || tail -\${TAIL:-30} /tmp/\$n.out; echo "== \$p rc \$rc"; }
J
