/** Server information levels, MS-SRVS 2.2.4.40 to 2.2.4.42, and the time of day, 2.2.4.105. */
import { empty, i32, nullArms, struct, u32, union, unique, wideString } from '../ndr/index.ts'

const optionalText = unique(wideString)

/** PLATFORM_ID_NT, MS-SRVS 2.2.2.6. */
export const PLATFORM_NT = 500

/** SV_TYPE, MS-SRVS 2.2.2.7: what a server is to those who browse. */
export const ServerType = {
  WORKSTATION: 0x0000_0001,
  SERVER: 0x0000_0002,
  DOMAIN_CONTROLLER: 0x0000_0008,
  PRINT_QUEUE: 0x0000_0200,
  XENIX: 0x0000_0800,
  NT: 0x0000_1000,
  SERVER_NT: 0x0000_8000,
} as const

const level100 = { platformId: u32, name: optionalText } as const
const level101 = {
  ...level100,
  versionMajor: u32,
  versionMinor: u32,
  type: u32,
  comment: optionalText,
} as const

export const ServerInfo100 = struct('SERVER_INFO_100', level100)
export const ServerInfo101 = struct('SERVER_INFO_101', level101)
/** `autoDisconnect` in minutes, -1 for never; `announce` and `announceDelta` in seconds and milliseconds. */
export const ServerInfo102 = struct('SERVER_INFO_102', {
  ...level101,
  users: u32,
  autoDisconnect: i32,
  hidden: u32,
  announce: u32,
  announceDelta: u32,
  licenses: u32,
  userPath: optionalText,
})

export const ServerInfo1005 = struct('SERVER_INFO_1005', { comment: optionalText })

/** Levels of SERVER_INFO that tell of single settings of Windows, and those for writing. */
const settings = nullArms(
  ...[103, 502, 503, 599, 1010, 1016, 1017, 1018, 1107, 1501, 1502, 1503, 1506, 1509, 1510, 1511, 1512, 1513, 1514],
  ...[1515, 1516, 1518, 1520, 1521, 1522, 1523, 1524, 1525, 1528, 1529, 1530, 1533, 1534, 1535, 1536, 1537, 1538, 1539],
  ...[1540, 1541, 1542, 1543, 1544, 1545, 1546, 1547, 1548, 1549, 1550, 1552, 1553, 1554, 1555, 1556],
)

/** SERVER_INFO, MS-SRVS 2.2.3.8. */
export const ServerInfo = union(
  'SERVER_INFO',
  u32,
  {
    ...settings,
    100: unique(ServerInfo100),
    101: unique(ServerInfo101),
    102: unique(ServerInfo102),
    1005: unique(ServerInfo1005),
  },
  empty,
)

/** TIME_OF_DAY_INFO. `timezone` in minutes west of UTC, `tickInterval` in 0.1 ms, `weekday` 0 for Sunday. */
export const TimeOfDay = struct('TIME_OF_DAY_INFO', {
  elapsedSeconds: u32,
  milliseconds: u32,
  hours: u32,
  minutes: u32,
  seconds: u32,
  hundredths: u32,
  timezone: i32,
  tickInterval: u32,
  day: u32,
  month: u32,
  year: u32,
  weekday: u32,
})
