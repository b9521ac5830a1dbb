/// The stores of tenants: policies, ceilings, API keys and the audit trail in DynamoDB, and
/// snapshots in S3 for an outage.
@NullMarked
package io.budgetauthority.tenant.store;

import org.jspecify.annotations.NullMarked;
