/// What a call costs: the rows of a price table, the pricing of usage and of a worst case, the
/// import of a public price file with its review, and the tables in memory that a request reads.
@NullMarked
package io.budgetauthority.price;

import org.jspecify.annotations.NullMarked;
