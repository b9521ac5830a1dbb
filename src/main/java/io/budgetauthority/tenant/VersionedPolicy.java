package io.budgetauthority.tenant;

/// A policy and the number of changes that led to it.
///
/// @param calendar the policy's time zone and how it changed
/// @param version 0 for a tenant that never had a policy of its own
public record VersionedPolicy(Policy policy, Calendar calendar, long version) {}
