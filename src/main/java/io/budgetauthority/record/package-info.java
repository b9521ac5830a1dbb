/// The parts of a decision record, and their stored form: what was decided about a call, its share
/// of each account, and what it was charged. Pure: records, sealed types and one codec. Every layer
/// from the ledger to the HTTP API reads the same types.
@NullMarked
package io.budgetauthority.record;

import org.jspecify.annotations.NullMarked;
