/// Reads whole tables of the ledger, and the records of its stream.
@NullMarked
package io.budgetauthority.ledger.scan;

import org.jspecify.annotations.NullMarked;
