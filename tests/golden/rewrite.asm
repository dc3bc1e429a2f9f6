net/out:
    0: r6 = r1
    1: r7 = *(u64 *)(r6 + 8)
      ; rule 0: ttl, line 4
    2: r0 = r7
    3: r0 <<= 52
    4: if r0 s>= 0 goto +11
    5: r0 = *(u64 *)(r6 + 136)
    6: if r0 < 65 goto +9
    7: r2 = 0
    8: r1 = r6
    9: call -1	; hv_hit
   10: r2 = 0
   11: r2 = 11
   12: r3 = 0
   13: r4 = 64
   14: r1 = r6
   15: call -1	; hv_set_field
      ; rule 1: nat, line 5
   16: r0 = r7
   17: r0 <<= 54
   18: if r0 s>= 0 goto +20
   19: r0 = *(u64 *)(r6 + 88)
   20: if r0 != 4 goto +18
   21: r1 = *(u64 *)(r6 + 120)
   22: if r1 != 167772161 goto +16
   23: r2 = 1
   24: r1 = r6
   25: call -1	; hv_hit
   26: r2 = 4
   27: r2 = 262153
   28: r3 = 0
   29: r4 = 167772162
   30: r1 = r6
   31: call -1	; hv_set_field
   32: r2 = 0
   33: r2 = 1
   34: r3 = 0
   35: r4 = 2199023255554 ll
   37: r1 = r6
   38: call -1	; hv_set_field
      ; rule 2: copy, line 6
   39: r0 = r7
   40: r0 <<= 38
   41: if r0 s>= 0 goto +2
   42: r0 = *(u64 *)(r6 + 248)
   43: if r0 == 5 goto +5
   44: r3 = 1
   45: r2 = 0
   46: r1 = r6
   47: call -1	; hv_find
   48: if r0 == 0 goto +25
   49: r2 = 2
   50: r1 = r6
   51: call -1	; hv_hit
   52: r0 = r7
   53: r0 <<= 54
   54: if r0 s>= 0 goto +7
   55: r2 = *(u64 *)(r6 + 88)
   56: r2 <<= 16
   57: r2 |= 8
   58: r3 = *(u64 *)(r6 + 112)
   59: r4 = *(u64 *)(r6 + 120)
   60: r1 = r6
   61: call -1	; hv_set_field
   62: r0 = r7
   63: r0 <<= 45
   64: if r0 s>= 0 goto +9
   65: r0 = *(u64 *)(r6 + 192)
   66: r0 += 1
   67: *(u64 *)(r10 - 8) = r0
   68: r2 = 0
   69: r2 = 17
   70: r3 = 0
   71: r4 = r0
   72: r1 = r6
   73: call -1	; hv_set_field
      ; rule 3: always, line 8
   74: r2 = 3
   75: r1 = r6
   76: call -1	; hv_hit
   77: r2 = 0
   78: r1 = r6
   79: call -1	; hv_log
   80: r0 = 1
   81: exit
