/** Users and transports of a workstation: MS-WKST 2.2.5. */
import { struct, u32 } from '../ndr/index.ts'
import { container, enumStruct, optionalText } from '../srvsvc/levels.ts'

const user = { userName: optionalText } as const

/** WKSTA_USER_ENUM_STRUCT, MS-WKST 2.2.5.14. */
export const UserEnum = enumStruct('WKSTA_USER', {
  0: container('WKSTA_USER_INFO_0_CONTAINER', struct('WKSTA_USER_INFO_0', user)),
  1: container(
    'WKSTA_USER_INFO_1_CONTAINER',
    struct('WKSTA_USER_INFO_1', {
      ...user,
      logonDomain: optionalText,
      otherDomains: optionalText,
      logonServer: optionalText,
    }),
  ),
})

/** WKSTA_TRANSPORT_ENUM_STRUCT, MS-WKST 2.2.5.16. */
export const TransportEnum = enumStruct('WKSTA_TRANSPORT', {
  0: container(
    'WKSTA_TRANSPORT_INFO_0_CONTAINER',
    struct('WKSTA_TRANSPORT_INFO_0', {
      qualityOfService: u32,
      circuitCount: u32,
      transportName: optionalText,
      transportAddress: optionalText,
      wanIsh: u32,
    }),
  ),
})
