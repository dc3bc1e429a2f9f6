disk/control:
    0: r6 = r1
      ; classifier or default
    1: r3 = 0
    2: r2 = 0
    3: r1 = r6
    4: call -1	; hv_class
    5: r9 = r0
    6: if r9 >= 4 goto +29
    7: if r9 >= 2 goto +15
    8: if r9 >= 1 goto +8
      ; rule 0: named, line 4
    9: r2 = 0
   10: r1 = r6
   11: call -1	; hv_hit
   12: r2 = 0
   13: r1 = r6
   14: call -1	; hv_log
   15: r0 = 3
   16: exit
   17: if r9 >= 2 goto +5
      ; rule 1: either, line 5
   18: r2 = 1
   19: r1 = r6
   20: call -1	; hv_hit
   21: r0 = 3
   22: exit
   23: if r9 >= 4 goto +12
   24: if r9 >= 3 goto +5
      ; rule 2: unnamed, line 6
   25: r2 = 2
   26: r1 = r6
   27: call -1	; hv_hit
   28: r0 = 1
   29: exit
   30: if r9 >= 4 goto +5
      ; rule 3: silent, line 7
   31: r2 = 3
   32: r1 = r6
   33: call -1	; hv_hit
   34: r0 = 2
   35: exit
      ; classifier or default
   36: r0 = 1
   37: exit
