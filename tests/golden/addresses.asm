net/in:
    0: r6 = r1
    1: r7 = *(u64 *)(r6 + 8)
    2: r8 = *(u64 *)(r6 + 88)
    3: r9 = *(u64 *)(r6 + 104)
      ; rule 0: four, line 4
    4: r0 = r7
    5: r0 <<= 55
    6: if r0 s>= 0 goto +7
    7: if r8 != 4 goto +6
    8: if r9 != 167772161 goto +5
    9: r2 = 0
   10: r1 = r6
   11: call -1	; hv_hit
   12: r0 = 1
   13: exit
      ; rule 1: six, line 5
   14: r0 = r7
   15: r0 <<= 55
   16: if r0 s>= 0 goto +13
   17: if r8 != 6 goto +12
   18: r0 = *(u64 *)(r6 + 96)
   19: r1 = -216172782113783808 ll
   21: if r0 < r1 goto +8
   22: r1 = -144115188075855873 ll
   24: if r0 > r1 goto +5
   25: r2 = 1
   26: r1 = r6
   27: call -1	; hv_hit
   28: r0 = 1
   29: exit
      ; rule 2: broad, line 6
   30: r0 = r7
   31: r0 <<= 54
   32: if r0 s>= 0 goto +19
   33: if r8 != 6 goto +18
   34: r0 = *(u64 *)(r6 + 112)
   35: r1 = 2306139568115548160 ll
   37: if r0 < r1 goto +14
   38: r1 = 2306139568115548160 ll
   40: if r0 != r1 goto +2
   41: r1 = *(u64 *)(r6 + 120)
   42: if r1 < 5 goto +9
   43: r1 = 2306139572410515456 ll
   45: if r0 > r1 goto +6
   46: r1 = 2306139572410515456 ll
   48: if r0 != r1 goto +2
   49: r1 = *(u64 *)(r6 + 120)
   50: if r1 > 7 goto +1
   51: goto +5
   52: r3 = 0
   53: r2 = 0
   54: r1 = r6
   55: call -1	; hv_find
   56: if r0 == 0 goto +5
   57: r2 = 2
   58: r1 = r6
   59: call -1	; hv_hit
   60: r0 = 1
   61: exit
      ; rule 3: foreign, line 7
   62: r0 = r7
   63: r0 <<= 54
   64: if r0 s>= 0 goto +15
   65: if r8 != 4 goto +4
   66: r0 = *(u64 *)(r6 + 120)
   67: r1 = 3232235777 ll
   69: if r0 == r1 goto +10
   70: r3 = 1
   71: r2 = 1
   72: r1 = r6
   73: call -1	; hv_find
   74: if r0 == 0 goto +5
   75: r2 = 3
   76: r1 = r6
   77: call -1	; hv_hit
   78: r0 = 0
   79: exit
      ; rule 4: arp, line 8
   80: r0 = r7
   81: r0 <<= 57
   82: if r0 s>= 0 goto +3
   83: r0 = *(u64 *)(r6 + 80)
   84: if r0 < 167772160 goto +1
   85: if r0 <= 167772415 goto +12
   86: r2 = 0
   87: r3 = 20
   88: r4 = r10
   89: r4 += -8
   90: r5 = 2
   91: r1 = r6
   92: call -1	; hv_bytes
   93: if r0 != 0 goto +10
   94: r0 = *(u16 *)(r10 - 8)
   95: r0 = be16 r0
   96: *(u64 *)(r10 - 8) = r0
   97: if r0 != 2 goto +6
   98: r2 = 4
   99: r1 = r6
  100: call -1	; hv_hit
  101: r2 = 0
  102: r1 = r6
  103: call -1	; hv_log
      ; classifier or default
  104: r0 = 0
  105: exit
