import {
  FileFsPosixInformation,
  FilePosixInformation,
  type FlatPosix,
  PosixFileType,
  posixMode,
} from '../../wire/fscc/index.ts'
import { PosixCreateResponse } from '../../wire/smb2/index.ts'
import type { FileStat, PosixStat, VolumeInfo } from '../backend.ts'
import { wireAttributes } from '../file-information.ts'

/** By the S_IFMT bits. */
const types = new Map<number, PosixFileType>([
  [0o1, PosixFileType.FIFO],
  [0o2, PosixFileType.CHARACTER_DEVICE],
  [0o4, PosixFileType.DIRECTORY],
  [0o6, PosixFileType.BLOCK_DEVICE],
  [0o10, PosixFileType.REGULAR],
  [0o12, PosixFileType.SYMBOLIC_LINK],
  [0o14, PosixFileType.SOCKET],
])

/** For a backend that does not know them: nobody's, and open to all, as the server treats them. */
const UNKNOWN = (isDirectory: boolean): PosixStat =>
  isDirectory
    ? { type: 0o4, mode: 0o777, uid: 65_534, gid: 65_534, links: 1 }
    : { type: 0o10, mode: 0o666, uid: 65_534, gid: 65_534, links: 1 }

/** Owner and group have the SIDs by which Samba and Linux know those of POSIX (S-1-22-1, S-1-22-2). */
export function flatPosix(stat: FileStat, deviceId: number): FlatPosix {
  const { type, mode, uid, gid, links } = stat.posix ?? UNKNOWN(stat.isDirectory)
  return {
    deviceId,
    numberOfLinks: links,
    mode: posixMode(types.get(type) ?? PosixFileType.REGULAR, mode),
    owner: `S-1-22-1-${uid}`,
    group: `S-1-22-2-${gid}`,
  }
}

/** The answer to the create context (POSIX-SMB2 2.2.14.2.16). */
export const posixCreateAnswer = (stat: FileStat): Uint8Array =>
  PosixCreateResponse.encode({ ...flatPosix(stat, 0), reparseTag: stat.reparseTag })

/** POSIX-FSCC 2.3.1.1. */
export const posixInformation = (stat: FileStat, deviceId: number): Uint8Array =>
  FilePosixInformation.encode({
    ...flatPosix(stat, deviceId),
    creationTime: stat.creationTime,
    lastAccessTime: stat.lastAccessTime,
    lastWriteTime: stat.lastWriteTime,
    changeTime: stat.changeTime,
    endOfFile: BigInt(stat.endOfFile),
    allocationSize: BigInt(stat.allocationSize),
    fileAttributes: wireAttributes(stat),
    inode: stat.fileId,
    reparseTag: stat.reparseTag,
  })

/** 32 bits tell the volumes of a server apart. */
export const deviceIdOf = (volumeId: bigint): number => Number(BigInt.asUintN(32, volumeId))

const UNKNOWN_COUNT = 0xffff_ffff_ffff_ffffn
const UNKNOWN_SIZE = 0xffff_ffff

/** POSIX-FSCC 2.3.2.1. */
export function posixVolume(volume: VolumeInfo): Uint8Array {
  const blockSize = volume.bytesPerSector * volume.sectorsPerAllocationUnit
  const blocks = (bytes: number): bigint => BigInt(Math.floor(bytes / blockSize))
  const files = (count: number | undefined): bigint => (count === undefined ? UNKNOWN_COUNT : BigInt(count))
  return FileFsPosixInformation.encode({
    optimalTransferSize: UNKNOWN_SIZE,
    blockSize,
    totalBlocks: blocks(volume.totalBytes),
    blocksAvailable: blocks(volume.freeBytes),
    userBlocksAvailable: blocks(volume.availableBytes),
    totalFileNodes: files(volume.totalFiles),
    freeFileNodes: files(volume.freeFiles),
    fileSystemIdentifier: BigInt(volume.serialNumber),
  })
}
