/** Scripts and what a POSIX shell prints for them (checked against dash and bash). */
export const SCRIPTS: readonly { readonly script: string; readonly stdout: string; readonly exitCode?: number }[] = [
  { script: "echo a; echo b && echo c || echo d; false || echo e", stdout: "a\nb\nc\ne\n" },
  { script: 'x="a b"; for w in $x "$x"; do echo "<$w>"; done', stdout: "<a>\n<b>\n<a b>\n" },
  {
    script: 'set -- 1 "2 3"; echo $#; for p in "$@"; do echo "[$p]"; done; echo "$*"; shift; echo "$1"',
    stdout: "2\n[1]\n[2 3]\n1 2 3\n2 3\n",
  },
  { script: "i=0; while [ $i -lt 3 ]; do i=$((i+1)); [ $i = 2 ] && continue; echo $i; done", stdout: "1\n3\n" },
  { script: 'echo one two three | while read a b; do echo "$b-$a"; done', stdout: "two three-one\n" },
  { script: "printf '%s=%d\\n' a 1 b 2; printf '%05.2f|%-4s|%x\\n' 3.14159 ab 255", stdout: "a=1\nb=2\n03.14|ab  |ff\n" },
  { script: "f() { local x=in; echo $x $1; return 3; }; x=out; f arg; echo $? $x", stdout: "in arg\n3 out\n" },
  { script: "case abc in a*) echo star;; esac; case x in [0-9]) echo d;; y|x) echo alt;; esac", stdout: "star\nalt\n" },
  {
    script: "p=/a/b/c.tar.gz; echo ${p##*/} ${p%/*} ${p%.gz} ${p%%.*} ${#p} ${u:-def} ${u-} ${p:+set}",
    stdout: "c.tar.gz /a/b /a/b/c.tar /a/b/c 13 def set\n",
  },
  { script: "cat <<EOF\n$((2*21)) $(echo sub) \\$x\nEOF\ncat <<'E'\n$x\nE", stdout: "42 sub $x\n$x\n" },
  { script: "(exit 4); echo $?; ! true; echo $?; { echo grp; } > /tmp/g; cat /tmp/g", stdout: "4\n1\ngrp\n" },
  { script: "set -e; false || echo ok; if false; then :; fi; false; echo never", stdout: "ok\n", exitCode: 1 },
  { script: "trap 'echo bye' EXIT; echo hi; exit 5", stdout: "hi\nbye\n", exitCode: 5 },
  { script: "echo $(( (1+2)*3 % 4 )) $((5/2)) $((1<2 ? 10 : 20)) $((0x10)) $((-7/2)) $((1 && 0 || 1))", stdout: "1 2 10 16 -3 1\n" },
  { script: "touch /tmp/a1 /tmp/a2 /tmp/b1; cd /tmp; echo a* *1 z*; echo 'a*' \"a*\"", stdout: "a1 a2 a1 b1 z*\na* a*\n" },
  { script: "seq 5 | head -n 2 | tr '\\n' ,; echo; seq 10 | wc -l | tr -d ' '; yes | head -n 2", stdout: "1,2,\n10\ny\ny\n" },
  { script: "echo err >&2 2>/dev/null; ls /nope 2>&1 | wc -l | tr -d ' '; echo out > /dev/null", stdout: "1\n" },
  { script: "(sleep 1; echo bg) & echo fg; wait; echo done $?", stdout: "fg\nbg\ndone 0\n" },
  {
    script: "for i in 1 2 3; do for j in a b; do [ $j = b ] && break; [ $i = 2 ] && continue 2; echo $i$j; done; done",
    stdout: "1a\n3a\n",
  },
  { script: "until [ -f /tmp/u ]; do touch /tmp/u; echo once; done; test -d /tmp -a ! -f /nope && echo yes", stdout: "once\nyes\n" },
  { script: "a=1; b=$(a=2; echo $a); (a=3); echo $a $b; A=x env | grep ^A=", stdout: "1 2\nA=x\n" },
  { script: 'while getopts ab:c o -a -b val -c; do echo "$o:$OPTARG"; done', stdout: "a:\nb:val\nc:\n" },
  {
    script: "eval 'x=5; echo $x'; echo 'echo dotted $1' > /tmp/s; . /tmp/s; sh /tmp/s arg; echo \"${x}y\"",
    stdout: "5\ndotted\ndotted arg\n5y\n",
  },
  {
    script: 'IFS=:; s=a:b::c; for x in $s; do echo "<$x>"; done; unset IFS; read x y <<E\n1 2 3\nE\necho $y',
    stdout: "<a>\n<b>\n<>\n<c>\n2 3\n",
  },
  { script: "trap 'echo got' USR1; kill -USR1 $$; echo after; trap - USR1; sh -c 'kill -9 $$'; echo $?", stdout: "got\nafter\n137\n" },
  {
    script: "echo \"a\\tb\\\\ \\$HOME `echo bq` 'q'\"; echo 'it'\\''s'; echo -n no; echo -e 'x\\ty'",
    stdout: "a\\tb\\ $HOME bq 'q'\nit's\nnox\ty\n",
  },
  {
    script: "nope 2>/dev/null; echo $?; /tmp 2>/dev/null; echo $?; exec 3>/tmp/three; echo to3 >&3; cat /tmp/three",
    stdout: "127\n126\nto3\n",
  },
  { script: "set -u; echo ${x-unset}; echo $x; echo never", stdout: "unset\n", exitCode: 2 },
  { script: "fact() { if [ $1 -le 1 ]; then echo 1; else echo $(( $1 * $(fact $(($1-1))) )); fi; }; fact 6", stdout: "720\n" },
  { script: "x=$(printf 'a\\nb\\n\\n'); echo \"$x\" | wc -l | tr -d ' '; echo $x; echo ${x:=y} ${z:=w} $z", stdout: "2\na b\na b w w\n" },
  {
    script: "printf 'b 2\\na 1\\nb 2\\n' | sort | uniq -c | sed 's/^ *//' ; printf 'k:v\\n' | cut -d: -f2 | tee /tmp/t; grep -c v /tmp/t",
    stdout: "1 a 1\n2 b 2\nv\n1\n",
  },
  {
    script: "echo 'x 10\ny 20' | awk '{s+=$2; print $1 \"-\" NR} END {print s, NF}'; echo a,b | awk -F, '{print $2}'",
    stdout: "x-1\ny-2\n30 2\nb\n",
  },
  {
    script:
      "printf 'one\\ntwo\\nthree\\n' | sed -n '2p;$p'; echo hello | sed -e 's/l/L/g' -e 's/\\(h\\)e/\\1E/'; printf 'a\\nb\\n' | sed '/a/d'",
    stdout: "two\nthree\nhELLo\nb\n",
  },
  {
    script:
      "mkdir -p /tmp/d/e; echo one > /tmp/d/e/f; tar cf - -C /tmp d | tar xf - -C /mnt; cat /mnt/d/e/f; tar czf /tmp/a.tgz -C /tmp d && tar tf /tmp/a.tgz",
    stdout: "one\nd/\nd/e/\nd/e/f\n",
  },
];
