net/out:
    0: r6 = r1
    1: r7 = *(u64 *)(r6 + 8)
    2: r8 = *(u64 *)(r6 + 192)
      ; rule 0: ports, line 6
    3: r0 = r7
    4: r0 <<= 45
    5: if r0 s>= 0 goto +15
    6: *(u64 *)(r10 - 8) = r8
    7: r3 = r10
    8: r3 += -8
    9: r2 = 0
   10: r1 = r6
   11: call -1	; hv_in
   12: if r0 == 0 goto +8
   13: r2 = 0
   14: r1 = r6
   15: call -1	; hv_hit
   16: r2 = 0
   17: r1 = r6
   18: call -1	; hv_log
   19: r0 = 1
   20: exit
      ; rule 1: tuple, line 8
   21: r0 = r7
   22: r0 <<= 54
   23: if r0 s>= 0 goto +21
   24: r0 = r7
   25: r0 <<= 37
   26: if r0 s>= 0 goto +18
   27: r0 = *(u64 *)(r6 + 88)
   28: if r0 != 4 goto +4
   29: r1 = *(u64 *)(r6 + 120)
   30: if r1 != 167772165 goto +2
   31: r2 = *(u64 *)(r6 + 256)
   32: if r2 == 443 goto +7
   33: if r0 != 4 goto +5
   34: r1 = *(u64 *)(r6 + 120)
   35: if r1 != 167772169 goto +3
   36: r2 = *(u64 *)(r6 + 256)
   37: if r2 < 8000 goto +1
   38: if r2 <= 8010 goto +1
   39: goto +5
   40: r2 = 1
   41: r1 = r6
   42: call -1	; hv_hit
   43: r0 = 1
   44: exit
      ; rule 2: both, line 9
   45: r0 = r7
   46: r0 <<= 45
   47: if r0 s>= 0 goto +7
   48: if r8 < 1024 goto +6
   49: if r8 > 4999 goto +5
   50: r2 = 2
   51: r1 = r6
   52: call -1	; hv_hit
   53: r0 = 1
   54: exit
      ; rule 4: same, line 11
   55: r0 = r7
   56: r0 <<= 46
   57: if r0 s>= 0 goto +11
   58: r0 = r7
   59: r0 <<= 45
   60: if r0 s>= 0 goto +8
   61: r0 = *(u64 *)(r6 + 184)
   62: if r0 != r8 goto +6
   63: r2 = 4
   64: r1 = r6
   65: call -1	; hv_hit
   66: r2 = 1
   67: r1 = r6
   68: call -1	; hv_log
      ; classifier or default
   69: r0 = 0
   70: exit
