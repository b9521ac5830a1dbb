/// What is counted of the service's work, for whoever watches over it.
@NullMarked
package io.budgetauthority.metrics;

import org.jspecify.annotations.NullMarked;
