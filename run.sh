#!/bin/bash
# run NAME SECONDS: boots with /tmp/qk/job as /job; console to stdout
n=$1 secs=${2:-600}; out=/tmp/crash2-qk/$n.console; rm -f $out
exec 9>/tmp/crash2-qk/lock; flock 9
(cd /tmp/crash2-qk/stage && find job | cpio -o -H newc --quiet) > /tmp/crash2-qk/$n.job.cpio
cp /tmp/qk/$n.base.cpio.gz /tmp/crash2-qk/$n.initrd
truncate -s %512 /tmp/crash2-qk/$n.initrd; cat /tmp/crash2-qk/$n.job.cpio >> /tmp/crash2-qk/$n.initrd
timeout $secs nice qemu-system-x86_64 -accel tcg,thread=multi -cpu max -m 3072 -smp 2 -display none -monitor none -net none -no-reboot -serial file:$out -kernel /tmp/qk/$n.vmlinuz -initrd /tmp/crash2-qk/$n.initrd -append "console=ttyS0 quiet panic=-1 mitigations=off rdinit=/init" </dev/null
tr -d '\r' < $out
