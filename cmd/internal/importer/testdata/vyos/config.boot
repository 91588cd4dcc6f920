/* a pair of VyOS */
high-availability {
    vrrp {
        global-parameters {
            startup-delay "30"
            version "3"
            garp {
                master-refresh "60"
                master-repeat "6"
            }
        }
        group inside {
            address 192.0.2.1/24 {
            }
            address 192.0.2.2/24 {
                interface "eth1"
            }
            address 192.0.2.3/24 {
                interface "eth9"
            }
            advertise-interval "2"
            description "users \"here\""
            excluded-address 2001:db8::1/64 {
            }
            health-check {
                failure-count "2"
                interval "5"
                script "/config/scripts/check.sh -q"
            }
            interface "eth1"
            preempt-delay "60"
            priority "200"
            rfc3768-compatibility {
            }
            track {
                exclude-vrrp-interface
                interface "eth0"
                interface "eth2"
            }
            transition-script {
                backup "/config/scripts/role.sh backup"
                fault "/config/scripts/role.sh fault"
                master "/config/scripts/role.sh master"
            }
            vrid "10"
        }
        group outside {
            address 198.51.100.1/24 {
            }
            authentication {
                password "lan"
                type "plaintext-password"
            }
            hello-source-address "198.51.100.9"
            interface "eth0"
            no-preempt
            peer-address "198.51.100.3"
            vrid "11"
        }
        group off {
            address 192.0.2.9/24 {
            }
            disable
            interface "eth1"
            vrid "12"
        }
        snmp {
        }
        sync-group pair {
            health-check {
                ping "203.0.113.1"
            }
            member "inside"
            member "outside"
        }
    }
    virtual-server web {
        address "192.0.2.80"
    }
}
interfaces {
    ethernet eth0 {
        address "198.51.100.2/24"
    }
}
// vyos-config-version: "vrrp@4"
