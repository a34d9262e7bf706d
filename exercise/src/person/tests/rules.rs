use crate::person::Person;
use crate::plan::tests::control::s1;

#[test]
fn a_seat_that_is_not_there_is_named() {
    let error = Person::new(&s1(), "C", None, None).unwrap_err();
    assert_eq!(error.to_string(), "there is no seat \"C\"");
    assert!(Person::new(&s1(), "control", None, None).unwrap().idle());
}
