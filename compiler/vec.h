/*
 * vec.h - a growing array in a compilation's pool
 */
#ifndef COMPILER_VEC_H
#define COMPILER_VEC_H

#include <stddef.h>

#include "compiler/pool.h"

#define VEC(type)	struct { type *at; size_t count, room; }

/* Room for one more; doubles, so that what is left behind is at most as much again. */
#define VEC_ADD(pool, v)							\
	((v)->count < (v)->room ? (void)0 :					\
	 (void)((v)->at = pool_grow((pool), (v)->at, (v)->count,		\
				    (v)->room ? (v)->room * 2 : 16, sizeof(*(v)->at)),	\
		(v)->room = (v)->room ? (v)->room * 2 : 16),			\
	 &(v)->at[(v)->count++])

#endif
