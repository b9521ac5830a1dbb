/// Resources for price tables and for a tenant's own prices.
@NullMarked
package io.budgetauthority.api.price;

import org.jspecify.annotations.NullMarked;
