//! (opening text to come)
