package feed

import (
	"slices"
	"syscall"
)

// localTypes are the file systems that only this machine changes: ext4, xfs, btrfs,
// tmpfs, zfs and f2fs, by the numbers of statfs(2).
var localTypes = []uint32{0xEF53, 0x58465342, 0x9123683E, 0x01021994, 0x2FC12FC1, 0xF2F52010}

// isLocal reports whether a folder is on a file system of which the kernel announces
// all that happens.
func isLocal(dir string) bool {
	var st syscall.Statfs_t
	return syscall.Statfs(dir, &st) == nil && slices.Contains(localTypes, uint32(st.Type))
}
