net/out:
    0: r6 = r1
      ; classifier or default
    1: r3 = 0
    2: r2 = 0
    3: r1 = r6
    4: call -1	; hv_class
    5: r9 = r0
    6: if r9 >= 5 goto +59
    7: if r9 >= 2 goto +15
    8: if r9 >= 1 goto +5
      ; rule 0: a, line 4
    9: r2 = 0
   10: r1 = r6
   11: call -1	; hv_hit
   12: r0 = 1
   13: exit
   14: if r9 >= 2 goto +8
      ; rule 1: b, line 5
   15: r2 = 1
   16: r1 = r6
   17: call -1	; hv_hit
   18: r2 = 0
   19: r1 = r6
   20: call -1	; hv_log
   21: r0 = 1
   22: exit
   23: if r9 >= 5 goto +42
   24: if r9 >= 3 goto +16
      ; rule 2: c, line 6
   25: r3 = 1
   26: r2 = 0
   27: r1 = r6
   28: call -1	; hv_find
   29: if r0 == 0 goto +6
   30: r2 = 2
   31: r1 = r6
   32: call -1	; hv_hit
   33: r2 = 1
   34: r1 = r6
   35: call -1	; hv_log
   36: r3 = 3
   37: r2 = 0
   38: r1 = r6
   39: call -1	; hv_class
   40: r9 = r0
   41: if r9 >= 5 goto +24
   42: if r9 >= 4 goto +8
      ; rule 3: d, line 7
   43: r2 = 3
   44: r1 = r6
   45: call -1	; hv_hit
   46: r2 = 0
   47: r1 = r6
   48: call -1	; hv_count
   49: r0 = 1
   50: exit
   51: if r9 >= 5 goto +14
      ; rule 4: e, line 8
   52: r0 = *(u64 *)(r6 + 8)
   53: r1 = r0
   54: r1 <<= 45
   55: if r1 s>= 0 goto +2
   56: r1 = *(u64 *)(r6 + 192)
   57: if r1 == 80 goto +8
   58: r2 = 4
   59: r1 = r6
   60: call -1	; hv_hit
   61: r2 = 2
   62: r1 = r6
   63: call -1	; hv_log
   64: r0 = 0
   65: exit
      ; classifier or default
   66: r0 = 0
   67: exit
