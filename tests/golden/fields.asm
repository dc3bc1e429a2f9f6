net/out:
    0: r6 = r1
    1: r7 = *(u64 *)(r6 + 8)
    2: r8 = *(u64 *)(r6 + 192)
    3: r9 = *(u64 *)(r6 + 200)
      ; rule 0: one, line 4
    4: r0 = r7
    5: r0 <<= 45
    6: if r0 s>= 0 goto +9
    7: if r8 != 80 goto +8
    8: r2 = 0
    9: r1 = r6
   10: call -1	; hv_hit
   11: r2 = 0
   12: r1 = r6
   13: call -1	; hv_log
   14: r0 = 0
   15: exit
      ; rule 1: other, line 5
   16: r0 = r7
   17: r0 <<= 45
   18: if r0 s>= 0 goto +7
   19: if r8 == 80 goto +6
   20: r2 = 1
   21: r1 = r6
   22: call -1	; hv_hit
   23: r2 = 0
   24: r1 = r6
   25: call -1	; hv_count
      ; rule 2: absent, line 6
   26: r0 = r7
   27: r0 <<= 45
   28: if r0 s>= 0 goto +1
   29: if r8 == 80 goto +6
   30: r2 = 2
   31: r1 = r6
   32: call -1	; hv_hit
   33: r2 = 1
   34: r1 = r6
   35: call -1	; hv_log
      ; rule 3: range, line 7
   36: r0 = r7
   37: r0 <<= 45
   38: if r0 s>= 0 goto +9
   39: if r8 < 1000 goto +8
   40: if r8 <= 2000 goto +2
   41: if r8 < 3000 goto +6
   42: if r8 > 4000 goto +5
   43: r2 = 3
   44: r1 = r6
   45: call -1	; hv_hit
   46: r0 = 1
   47: exit
      ; rule 4: large, line 8
   48: r0 = r7
   49: r0 <<= 63
   50: if r0 s>= 0 goto +9
   51: r0 = *(u64 *)(r6 + 32)
   52: r1 = 2199023255553 ll
   54: if r0 != r1 goto +5
   55: r2 = 4
   56: r1 = r6
   57: call -1	; hv_hit
   58: r0 = 0
   59: exit
      ; rule 5: flag, line 9
   60: r0 = r7
   61: r0 <<= 44
   62: if r0 s>= 0 goto +14
   63: r0 = r9
   64: r0 >>= 1
   65: r0 &= 1
   66: if r0 != 1 goto +10
   67: r1 = r9
   68: r1 >>= 4
   69: r1 &= 1
   70: if r1 == 1 goto +6
   71: r2 = 5
   72: r1 = r6
   73: call -1	; hv_hit
   74: r2 = 2
   75: r1 = r6
   76: call -1	; hv_log
      ; classifier or default
   77: r0 = 1
   78: exit
