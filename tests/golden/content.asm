disk/write:
    0: r6 = r1
    1: r7 = *(u64 *)(r6 + 8)
      ; rule 0: boot, line 7
    2: r0 = r7
    3: r0 <<= 28
    4: if r0 s>= 0 goto +28
    5: r2 = 0
    6: r3 = 2047
    7: r1 = r6
    8: call -1	; hv_overlaps_range
    9: if r0 != 0 goto +15
   10: r0 = r7
   11: r0 <<= 23
   12: if r0 s>= 0 goto +11
   13: r0 = *(u64 *)(r6 + 360)
   14: r0 -= 33
   15: *(u64 *)(r10 - 8) = r0
   16: r1 = *(u64 *)(r6 + 360)
   17: r1 -= 1
   18: *(u64 *)(r10 - 16) = r1
   19: r2 = r0
   20: r3 = r1
   21: r1 = r6
   22: call -1	; hv_overlaps_range
   23: if r0 != 0 goto +1
   24: goto +8
   25: r2 = 0
   26: r1 = r6
   27: call -1	; hv_hit
   28: r2 = 0
   29: r1 = r6
   30: call -1	; hv_log
   31: r0 = 0
   32: exit
      ; rule 1: bytes, line 9
   33: r2 = 0
   34: r3 = 510
   35: r4 = r10
   36: r4 += -8
   37: r5 = 2
   38: r1 = r6
   39: call -1	; hv_sector
   40: if r0 != 0 goto +10
   41: r0 = *(u16 *)(r10 - 8)
   42: r0 = be16 r0
   43: *(u64 *)(r10 - 8) = r0
   44: if r0 != 21930 goto +6
   45: r2 = 1
   46: r1 = r6
   47: call -1	; hv_hit
   48: r2 = 1
   49: r1 = r6
   50: call -1	; hv_log
      ; rule 2: shift, line 10
   51: r0 = r7
   52: r0 <<= 26
   53: if r0 s>= 0 goto +28
   54: r0 = *(u64 *)(r6 + 336)
   55: r0 <<= 3
   56: *(u64 *)(r10 - 8) = r0
   57: r2 = 2
   58: r3 = r0
   59: r4 = r10
   60: r4 += -16
   61: r5 = 4
   62: r1 = r6
   63: call -1	; hv_bytes
   64: if r0 != 0 goto +17
   65: r0 = *(u32 *)(r10 - 16)
   66: r0 ^= 255
   67: r1 = r7
   68: r1 <<= 25
   69: if r1 s>= 0 goto +12
   70: r1 = *(u64 *)(r6 + 344)
   71: if r1 < 64 goto +1
   72: r0 = 0
   73: r0 >>= r1
   74: *(u64 *)(r10 - 8) = r0
   75: if r0 <= 7 goto +6
   76: r2 = 2
   77: r1 = r6
   78: call -1	; hv_hit
   79: r2 = 2
   80: r1 = r6
   81: call -1	; hv_log
      ; rule 3: marked, line 11
   82: r3 = 1
   83: r2 = 0
   84: r1 = r6
   85: call -1	; hv_find
   86: if r0 == 0 goto +9
   87: r2 = 3
   88: r1 = r6
   89: call -1	; hv_hit
   90: r2 = 3
   91: r1 = r6
   92: call -1	; hv_log
   93: r2 = 0
   94: r1 = r6
   95: call -1	; hv_rewrite
      ; rule 4: unless, line 13
   96: r3 = 1
   97: r2 = 1
   98: r1 = r6
   99: call -1	; hv_find
  100: if r0 != 0 goto +5
  101: r2 = 4
  102: r1 = r6
  103: call -1	; hv_hit
  104: r0 = 1
  105: exit
      ; classifier or default
  106: r0 = 1
  107: exit
