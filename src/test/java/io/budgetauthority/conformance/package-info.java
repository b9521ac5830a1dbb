/// Runs the conformance kit in `conformance/` against a service that speaks the protocol.
@NullMarked
package io.budgetauthority.conformance;

import org.jspecify.annotations.NullMarked;
