/// How accounts that many processes write are split into shards, and which shards a process uses
/// (ledger.md#shards).
@NullMarked
package io.budgetauthority.ledger.shard;

import org.jspecify.annotations.NullMarked;
