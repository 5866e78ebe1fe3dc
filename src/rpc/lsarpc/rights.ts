/** Privileges and rights, and domains that are trusted: MS-LSAD 2.2.5 to 2.2.8. */
import { countedList } from '../account-lists.ts'
import { conformantArray, i32, sid, struct, u32, unicodeString, unique } from '../ndr/index.ts'

/** By what a machine knows a privilege (MS-DTYP 2.3.7). */
export const Luid = struct('LUID', { lowPart: u32, highPart: i32 })

/** LSAPR_PRIVILEGE_ENUM_BUFFER, MS-LSAD 2.2.8.2. */
export const PrivilegeList = countedList(
  'LSAPR_PRIVILEGE_ENUM_BUFFER',
  struct('LSAPR_POLICY_PRIVILEGE_DEF', { name: unicodeString(), localValue: Luid }),
)

/** LSAPR_PRIVILEGE_SET, MS-LSAD 2.2.5.5. */
export const AccountPrivileges = struct('LSAPR_PRIVILEGE_SET', {
  count: u32.countOf('privileges'),
  control: u32,
  privileges: conformantArray(struct('LSAPR_LUID_AND_ATTRIBUTES', { luid: Luid, attributes: u32 })),
})

/** LSAPR_USER_RIGHT_SET, MS-LSAD 2.2.5.3. */
export const RightList = countedList('LSAPR_USER_RIGHT_SET', unicodeString())

/** LSAPR_TRUSTED_ENUM_BUFFER, MS-LSAD 2.2.7.18. */
export const TrustedDomainList = countedList(
  'LSAPR_TRUSTED_ENUM_BUFFER',
  struct('LSAPR_TRUST_INFORMATION', { name: unicodeString(), sid: unique(sid) }),
)

/** LSAPR_TRUSTED_ENUM_BUFFER_EX, MS-LSAD 2.2.7.19. */
export const TrustedDomainListEx = countedList(
  'LSAPR_TRUSTED_ENUM_BUFFER_EX',
  struct('LSAPR_TRUSTED_DOMAIN_INFORMATION_EX', {
    name: unicodeString(),
    flatName: unicodeString(),
    sid: unique(sid),
    trustDirection: u32,
    trustType: u32,
    trustAttributes: u32,
  }),
)
