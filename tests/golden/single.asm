net/in:
    0: r6 = r1
      ; classifier or default
    1: r3 = 0
    2: r2 = 0
    3: r1 = r6
    4: call -1	; hv_class
    5: r9 = r0
    6: if r9 >= 1 goto +5
      ; rule 0: telnet, line 4
    7: r2 = 0
    8: r1 = r6
    9: call -1	; hv_hit
   10: r0 = 0
   11: exit
      ; classifier or default
   12: r0 = 1
   13: exit
disk/write:
    0: r6 = r1
      ; rule 1: boot, line 8
    1: r0 = *(u64 *)(r6 + 8)
    2: r1 = r0
    3: r1 <<= 30
    4: if r1 s>= 0 goto +7
    5: r1 = *(u64 *)(r6 + 312)
    6: if r1 != 0 goto +5
    7: r2 = 1
    8: r1 = r6
    9: call -1	; hv_hit
   10: r0 = 0
   11: exit
      ; classifier or default
   12: r0 = 1
   13: exit
