/** What a policy is opened with, and what it tells of its domain: MS-LSAD 2.2. */
import { NarrowText } from '../account-lists.ts'
import {
  conformantArray,
  conformantBytes,
  guid,
  sid,
  struct,
  u8,
  u16,
  u32,
  unicodeString,
  union,
  unique,
} from '../ndr/index.ts'

/** Rights on a policy, MS-LSAD 2.2.1.1.2. */
export const PolicyAccess = {
  VIEW_LOCAL_INFORMATION: 0x0000_0001,
  LOOKUP_NAMES: 0x0000_0800,
  MAXIMUM_ALLOWED: 0x0200_0000,
} as const

const LsaAcl = struct('LSAPR_ACL', { aclRevision: u8, sbz1: u8, aclSize: u16, dummy1: conformantBytes })

const LsaSecurityDescriptor = struct('LSAPR_SECURITY_DESCRIPTOR', {
  revision: u8,
  sbz1: u8,
  control: u16,
  owner: unique(sid),
  group: unique(sid),
  sacl: unique(LsaAcl),
  dacl: unique(LsaAcl),
})

const SecurityQualityOfService = struct('SECURITY_QUALITY_OF_SERVICE', {
  length: u32,
  impersonationLevel: u16,
  contextTrackingMode: u8,
  effectiveOnly: u8,
})

/** Nothing in it has a meaning (MS-LSAD 2.2.2.4): `noAttributes` is what a client sends. */
export const ObjectAttributes = struct('LSAPR_OBJECT_ATTRIBUTES', {
  length: u32,
  rootDirectory: unique(u8),
  objectName: unique(NarrowText),
  attributes: u32,
  securityDescriptor: unique(LsaSecurityDescriptor),
  securityQualityOfService: unique(SecurityQualityOfService),
})

export const noAttributes = {
  length: 24,
  rootDirectory: null,
  objectName: null,
  attributes: 0,
  securityDescriptor: null,
  securityQualityOfService: null,
} as const

/** What both ends of LsarOpenPolicy3 can do, MS-LSAD 2.2.2.7. */
export const RevisionInfo = union('LSAPR_REVISION_INFO', u32, {
  1: struct('LSAPR_REVISION_INFO_V1', { revision: u32, supportedFeatures: u32 }),
})

/** MS-LSAD 2.2.4.1. */
export const PolicyInformationClass = {
  AUDIT_EVENTS: 2,
  PRIMARY_DOMAIN: 3,
  ACCOUNT_DOMAIN: 5,
  SERVER_ROLE: 6,
  DNS_DOMAIN: 12,
  DNS_DOMAIN_INTERNAL: 13,
  LOCAL_ACCOUNT_DOMAIN: 14,
} as const

/** MS-LSAD 2.2.4.8. */
export const LsaServerRole = { BACKUP: 2, PRIMARY: 3 } as const

const accountDomain = struct('LSAPR_POLICY_ACCOUNT_DOM_INFO', { domainName: unicodeString(), domainSid: unique(sid) })
const dnsDomain = struct('LSAPR_POLICY_DNS_DOMAIN_INFO', {
  name: unicodeString(),
  dnsDomainName: unicodeString(),
  dnsForestName: unicodeString(),
  domainGuid: guid,
  sid: unique(sid),
})

/** LSAPR_POLICY_INFORMATION, MS-LSAD 2.2.4.2: the classes that say whose accounts these are. */
export const PolicyInformation = union('LSAPR_POLICY_INFORMATION', u16, {
  [PolicyInformationClass.AUDIT_EVENTS]: struct('LSAPR_POLICY_AUDIT_EVENTS_INFO', {
    auditingMode: u8,
    eventAuditingOptions: unique(conformantArray(u32)),
    maximumAuditEventCount: u32.countOf('eventAuditingOptions'),
  }),
  [PolicyInformationClass.PRIMARY_DOMAIN]: struct('LSAPR_POLICY_PRIMARY_DOM_INFO', {
    name: unicodeString(1),
    sid: unique(sid),
  }),
  [PolicyInformationClass.ACCOUNT_DOMAIN]: accountDomain,
  [PolicyInformationClass.SERVER_ROLE]: struct('POLICY_LSA_SERVER_ROLE_INFO', {
    lsaServerRole: u16,
    /** Samba's clients read it; on Windows it is what fills up to the next number. */
    reserved: u16.or(0),
  }),
  [PolicyInformationClass.DNS_DOMAIN]: dnsDomain,
  [PolicyInformationClass.DNS_DOMAIN_INTERNAL]: dnsDomain,
  [PolicyInformationClass.LOCAL_ACCOUNT_DOMAIN]: accountDomain,
})
