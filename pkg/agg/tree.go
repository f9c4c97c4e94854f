package agg

// A tree holds one summary for each block of a ring and joins those of any
// neighbouring blocks, in order, in O(log k). It is the usual tree in an array,
// with the leaves behind their parents, and without the root, which no window
// asks for: the newest block is never among the whole ones.
//
// A second pair of stacks would take one join fewer, but joins k blocks at
// once when it flips, and its result hangs on when it last flipped. With a
// tree, a window's value is a function of its samples and their places alone.
type tree[T any] struct {
	node []T // 2..2k−1
	k    int
	none T // summary of no samples
}

func newTree[T any](k int, none T) *tree[T] {
	t := &tree[T]{node: make([]T, 2*k-2), k: k, none: none}
	for i := range t.node {
		t.node[i] = none
	}
	return t
}

// set puts the summary of block j in.
func (t *tree[T]) set(j int, x T, join func(a, b T) T) {
	i := t.k + j
	t.node[i-2] = x
	for i >>= 1; i > 1; i >>= 1 {
		t.node[i-2] = join(t.node[2*i-2], t.node[2*i-1])
	}
}

// between returns the summary of the blocks from i up to but not j, around the
// end of the ring if i > j.
func (t *tree[T]) between(i, j int, join func(a, b T) T) T {
	if i < j {
		return t.span(i, j, join)
	}
	x := t.span(i, t.k, join)
	if j > 0 {
		x = join(x, t.span(0, j, join))
	}
	return x
}

// span returns the summary of the blocks from i up to but not j > i.
func (t *tree[T]) span(i, j int, join func(a, b T) T) T {
	if j-i == 1 {
		return t.node[t.k+i-2]
	}
	left, right := t.none, t.none
	for i, j = i+t.k, j+t.k; i < j; i, j = i>>1, j>>1 {
		if i&1 != 0 {
			left = join(left, t.node[i-2])
			i++
		}
		if j&1 != 0 {
			j--
			right = join(t.node[j-2], right)
		}
	}
	return join(left, right)
}
