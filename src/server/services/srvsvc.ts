/** The server service (MS-SRVS): shares for those who browse, and who this server is. */
import { dateFromFiletime, filetimeFromDate } from '../../bytes/filetime.ts'
import { type InputOf, otherArm } from '../../rpc/ndr/index.ts'
import type { AnswerOf, InputOfOperation } from '../../rpc/operation.ts'
import { type RpcService, service } from '../../rpc/service.ts'
import { PLATFORM_NT, type ServerInfo, ServerType } from '../../rpc/srvsvc/server-info.ts'
import { NameType, Srvsvc } from '../../rpc/srvsvc/srvsvc.ts'
import { WinError } from '../../rpc/werror.ts'
import { DEFAULT_DOMAIN, REPORTED_VERSION, type ServiceContext, type SharedResource } from './context.ts'
import { infoAt, isShareName, listAt, listing, mayAsk, typeOf, windowsPath } from './share-list.ts'
import { activityHandlers } from './srvsvc-activity.ts'
import { shareChangeHandlers } from './srvsvc-changes.ts'
import { fileSecurityHandlers } from './srvsvc-files.ts'

type Operations = typeof Srvsvc.operations
type ShareEnumInput = InputOfOperation<Operations['NetrShareEnum']>
type ShareEnumAnswer = AnswerOf<Operations['NetrShareEnum']>

/** Shares that are listed: not the hidden ones, but IPC$, although no client shows it (its type says special). */
function listed(context: ServiceContext): SharedResource[] {
  return context.shares().filter(({ hidden, type }) => hidden !== true || type === 'ipc')
}

/** MS-SRVS 3.1.4.8. */
function shareEnum(context: ServiceContext, input: ShareEnumInput, shares: readonly SharedResource[]): ShareEnumAnswer {
  const { level } = input.shares
  const { user } = context
  const nothing = listAt(level, [], user)
  const refuse = (result: number): ShareEnumAnswer => ({
    shares: { info: nothing ?? otherArm(level) },
    totalEntries: 0,
    resumeHandle: input.resumeHandle,
    result,
  })
  if (nothing === undefined) return refuse(WinError.INVALID_LEVEL)
  if (!mayAsk(level, user)) return refuse(WinError.ACCESS_DENIED)
  // A client without a resume handle cannot come back for the rest; it still gets ERROR_MORE_DATA.
  const found = listing(shares, level, input.resumeHandle ?? 0, input.preferredMaximumLength)
  const info = listAt(level, found.entries, user)
  if (info === undefined) return refuse(WinError.INVALID_LEVEL)
  return {
    shares: { info },
    totalEntries: found.total,
    resumeHandle: input.resumeHandle === null ? null : found.resumeAt,
    result: found.result,
  }
}

/** MS-SRVS 3.1.4.9: the shares that outlive a restart, which are all that the configuration names; no level 501. */
function shareEnumSticky(context: ServiceContext, input: ShareEnumInput): ShareEnumAnswer {
  const { level } = input.shares
  if (level !== 501)
    return shareEnum(
      context,
      input,
      listed(context).filter(({ type }) => type !== 'ipc'),
    )
  const { resumeHandle } = input
  return { shares: { info: otherArm(level) }, totalEntries: 0, resumeHandle, result: WinError.INVALID_LEVEL }
}

/** MS-SRVS 3.1.4.16: what is shared of the device or folder, which only administrators know by its name. */
function shareCheck(context: ServiceContext, device: string): AnswerOf<Operations['NetrShareCheck']> {
  const wanted = device.toUpperCase()
  const share = context.shares().find(({ path = '' }) => path !== '' && windowsPath(path).toUpperCase() === wanted)
  if (share === undefined || context.user.isAdministrator !== true)
    return { type: 0, result: WinError.DEVICE_NOT_SHARED }
  return { type: typeOf(share), result: WinError.SUCCESS }
}

/** MS-SRVS 3.1.4.10. */
function shareGetInfo(
  context: ServiceContext,
  input: InputOfOperation<Operations['NetrShareGetInfo']>,
): AnswerOf<Operations['NetrShareGetInfo']> {
  const { level } = input
  const nothing = infoAt(level, null, context.user)
  if (nothing === undefined) return { info: otherArm(level), result: WinError.INVALID_LEVEL }
  const wanted = input.shareName.toUpperCase()
  const share = context.shares().find(({ name }) => name.toUpperCase() === wanted)
  if (share === undefined) return { info: nothing, result: WinError.SHARE_NOT_FOUND }
  if (!mayAsk(level, context.user)) return { info: nothing, result: WinError.ACCESS_DENIED }
  return { info: infoAt(level, share, context.user) ?? nothing, result: WinError.SUCCESS }
}

/** A server that shares files and prints nothing; XENIX is what says "not Windows". */
const SERVER_TYPE = ServerType.WORKSTATION | ServerType.SERVER | ServerType.XENIX | ServerType.NT | ServerType.SERVER_NT

function serverInfoAt(context: ServiceContext, level: number): InputOf<typeof ServerInfo> | undefined {
  const who = { platformId: PLATFORM_NT, name: context.serverName }
  const what = { ...who, ...REPORTED_VERSION, type: SERVER_TYPE, comment: context.comment }
  switch (level) {
    case 100:
      return { tag: 100, value: who }
    case 101:
      return { tag: 101, value: what }
    case 102: {
      // No limit of users, sessions that are not cut for idleness, announced every 12 minutes with 3 s of spread.
      const how = { users: 0xffff_ffff, autoDisconnect: -1, hidden: 0, announce: 720, announceDelta: 3000 }
      return { tag: 102, value: { ...what, ...how, licenses: 0, userPath: 'C:\\' } }
    }
    default:
      return undefined
  }
}

/** MS-SRVS 3.1.4.21. */
function timeOfDay(context: ServiceContext): AnswerOf<Operations['NetrRemoteTOD']>['time'] {
  const date = dateFromFiletime(context.now?.() ?? filetimeFromDate(new Date()))
  return {
    elapsedSeconds: Math.floor(date.getTime() / 1000) >>> 0,
    milliseconds: date.getTime() % 0x1_0000_0000,
    hours: date.getUTCHours(),
    minutes: date.getUTCMinutes(),
    seconds: date.getUTCSeconds(),
    hundredths: Math.floor(date.getUTCMilliseconds() / 10),
    timezone: date.getTimezoneOffset(),
    tickInterval: 310,
    day: date.getUTCDate(),
    month: date.getUTCMonth() + 1,
    year: date.getUTCFullYear(),
    weekday: date.getUTCDay(),
  }
}

const MAX_OLD_SHARE_NAME = 12
const OLD_NAMES = 0x8000_0000

/** MS-SRVS 3.1.4.32, for names of shares. */
function nameValidate({ name, nameType, flags }: InputOfOperation<Operations['NetprNameValidate']>): number {
  if (flags !== 0 && flags !== OLD_NAMES) return WinError.INVALID_PARAMETER
  if (nameType !== NameType.SHARE) return WinError.INVALID_LEVEL
  return isShareName(name, flags === OLD_NAMES ? MAX_OLD_SHARE_NAME : undefined)
    ? WinError.SUCCESS
    : WinError.INVALID_NAME
}

/** MS-SRVS 3.1.4.19: paths are told as of one disk. */
function diskEnum(
  { user }: ServiceContext,
  { level, resumeHandle }: InputOfOperation<Operations['NetrServerDiskEnum']>,
): AnswerOf<Operations['NetrServerDiskEnum']> {
  const refused = (result: number) => ({ disks: { disks: [] }, totalEntries: 0, resumeHandle, result })
  if (level !== 0) return refused(WinError.INVALID_LEVEL)
  if (user.kind !== 'user') return refused(WinError.ACCESS_DENIED)
  const disk = { name: [...'C:\0'].map((character) => character.charCodeAt(0)) }
  const isOver = (resumeHandle ?? 0) > 0
  const disks = { disks: isOver ? [] : [disk] }
  return { disks, totalEntries: isOver ? 0 : 1, resumeHandle: resumeHandle && 0, result: WinError.SUCCESS }
}

/** MS-SRVS 3.1.4.20: since when it runs, and how much there is to do. */
function statistics(
  { administration }: ServiceContext,
  { level, options }: InputOfOperation<Operations['NetrServerStatisticsGet']>,
): AnswerOf<Operations['NetrServerStatisticsGet']> {
  if (level !== 0) return { statistics: null, result: WinError.INVALID_LEVEL }
  if (options !== 0) return { statistics: null, result: WinError.INVALID_PARAMETER }
  const start = administration?.startedAt ?? 0
  const fileOpens = administration?.opens.length ?? 0
  const sessionOpens = administration?.sessions.length ?? 0
  return { statistics: { start, fileOpens, sessionOpens }, result: WinError.SUCCESS }
}

/** MS-SRVS 3.1.4.23: SMB straight on TCP. */
function transportEnum(
  context: ServiceContext,
  { transports: { level }, resumeHandle }: InputOfOperation<Operations['NetrServerTransportEnum']>,
): AnswerOf<Operations['NetrServerTransportEnum']> {
  const transport = {
    circuitCount: context.sessionCount?.() ?? 0,
    transportName: '\\Device\\NetbiosSmb',
    transportAddress: new TextEncoder().encode(context.serverName.padEnd(16)),
    networkAddress: '000000000000',
    domain: context.domainName ?? DEFAULT_DOMAIN,
  }
  if (level !== 0 && level !== 1)
    return { transports: { info: otherArm(level) }, totalEntries: 0, resumeHandle, result: WinError.INVALID_LEVEL }
  const info = { tag: level, value: { entries: [transport] } } as const
  return { transports: { info }, totalEntries: 1, resumeHandle: resumeHandle && 0, result: WinError.SUCCESS }
}

/** The service for one caller. */
export function srvsvc(context: ServiceContext): RpcService {
  return service(Srvsvc, {
    NetrShareEnum: (input) => shareEnum(context, input, listed(context)),
    NetrShareEnumSticky: (input) => shareEnumSticky(context, input),
    NetrShareCheck: ({ device }) => shareCheck(context, device),
    NetrShareGetInfo: (input) => shareGetInfo(context, input),
    NetrServerGetInfo({ level }) {
      const info = serverInfoAt(context, level)
      if (info !== undefined) return { info, result: WinError.SUCCESS }
      return { info: otherArm(level), result: WinError.INVALID_LEVEL }
    },
    NetrRemoteTOD: () => ({ time: timeOfDay(context), result: WinError.SUCCESS }),
    NetprNameValidate: (input) => ({ result: nameValidate(input) }),
    NetrServerDiskEnum: (input) => diskEnum(context, input),
    NetrServerStatisticsGet: (input) => statistics(context, input),
    NetrServerTransportEnum: (input) => transportEnum(context, input),
    ...fileSecurityHandlers(context),
    ...activityHandlers(context),
    ...shareChangeHandlers(context),
  })
}
