/// AWS in the local build: the servers that let the whole service run with no account, no Docker
/// and no second command. [io.budgetauthority.local.LocalMain] starts them before the service, and
/// [io.budgetauthority.local.LocalCloud] is all of them together. Their tables, buckets and queues
/// are defined in `infra/` alone, which [io.budgetauthority.local.CloudDefinitions] reads.
@NullMarked
package io.budgetauthority.local;

import org.jspecify.annotations.NullMarked;
